"""Runs the steps of the Dockerfile without Docker: each stage in a Debian of its own (debootstrap,
chroot), then starts what came out and asks it how it is. A tool for developers; needs root,
debootstrap, about 3 GB, and takes as long as a build.

usage: image_trial.py [--dir DIR] [--prebuilt STAGE:PATH=FILE]

  --dir DIR                    where to work (default: a folder below /var/tmp, removed at the end)
  --prebuilt STAGE:PATH=FILE   do not run STAGE; FILE is what it would have made at PATH

The systems use the mirror, the proxy, the npm registry and the CA certificates of this machine.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import dockerfile

_OPS = pathlib.Path(__file__).resolve().parent
_REPOSITORY = _OPS.parents[2]
_PORT = 3991
_READY_SECONDS = 60


def say(text):
    """Tells how far we are."""
    print(f"image_trial: {text}", flush=True)


def network_environment():
    """What reaches the network from inside."""
    names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    found = {name: os.environ[name] for name in names if os.environ.get(name)}
    registry = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True,
                              check=False).stdout.strip()
    if registry:
        found["npm_config_registry"] = registry
    found["NODE_EXTRA_CA_CERTS"] = "/etc/ssl/certs/ca-certificates.crt"
    return found


def mirror(suite, public):
    """The mirror that this machine uses for `suite`, or the public one."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)"],
                         capture_output=True, text=True, check=False).stdout
    uris = [line.split()[1] for line in out.splitlines() if line.split()[:1] == [suite]]
    return uris[0] if uris else public


class Trial:
    """One run of all stages."""

    def __init__(self, folder, prebuilt):
        self._folder = folder
        self._prebuilt = prebuilt
        self._network = network_environment()
        self._stages = {}

    def run(self):
        """Makes every stage; the root and the last state of the final one."""
        base = self._base()
        for number, stage in enumerate(dockerfile.read((_OPS / "Dockerfile").read_text())):
            root = self._folder / (stage.name or "final")
            self._stages[stage.name or str(number)] = root
            given = self._prebuilt.get(stage.name)
            if given:
                say(f"stage {stage.name}: given")
                for path, file in given.items():
                    target = root / path.lstrip("/")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(file, target)
                continue
            say(f"stage {stage.name or 'final'}")
            subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
            state = self._perform(stage, root)
        return root, state

    def _base(self):
        base = self._folder / "base"
        say("making a Debian 12")
        main_archive = mirror("bookworm", "http://deb.debian.org/debian")
        security = mirror("bookworm-security", "http://deb.debian.org/debian-security")
        subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm",
                        base, main_archive], check=True, stdout=subprocess.DEVNULL)
        # As in the image: the worker refuses an OpenSSL without the fixes of the security archive.
        (base / "etc/apt/sources.list").write_text(
            f"deb {main_archive} bookworm main\ndeb {main_archive} bookworm-updates main\n"
            f"deb {security} bookworm-security main\n")
        shutil.copy("/etc/resolv.conf", base / "etc/resolv.conf", follow_symlinks=True)
        for file in pathlib.Path("/etc/apt/apt.conf.d").iterdir():
            if "Acquire::" in file.read_text(errors="replace"):
                shutil.copy(file, base / "etc/apt/apt.conf.d" / file.name)
        for file in pathlib.Path("/usr/local/share/ca-certificates").glob("*.crt"):
            shutil.copy(file, base / "usr/local/share/ca-certificates" / file.name)
        self.inside(base, {}, "/", ["update-ca-certificates"], stdout=subprocess.DEVNULL)
        return base

    def inside(self, root, environment, folder, command, **options):
        """Runs `command` in the system at `root`."""
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
                    "DEBIAN_FRONTEND": "noninteractive", **self._network, **environment}
        pairs = [f"{name}={value}" for name, value in settings.items()]
        # Mounts and processes of its own: nothing of a trial is left behind.
        script = f'mount -t proc proc "{root}/proc" && cd "{root}{folder}" && exec chroot "$@"'
        line = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"]
        starts = ["env", "-i", f"--chdir={folder}", *pairs, *command]
        return subprocess.run([*line, str(root), *starts], check=True, **options)

    def _perform(self, stage, root):
        state = {"environment": {}, "folder": "/", "entry": []}
        for word, rest in stage.instructions:
            if word == "RUN":
                say(f"  RUN {rest[:90]}")
                self.inside(root, state["environment"], state["folder"], ["sh", "-c", rest],
                            stdout=subprocess.DEVNULL)
            elif word == "WORKDIR":
                state["folder"] = rest
                (root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            elif word == "ENV":
                state["environment"].update(dockerfile.environment_of(rest))
            elif word == "COPY":
                self._copy(rest, root, state["folder"])
            elif word == "USER":
                state["user"] = rest
            elif word == "ENTRYPOINT":
                state["entry"] = dockerfile.words_of(rest)
        return state

    def _copy(self, rest, root, folder):
        origin, sources, target = dockerfile.copy_of(rest)
        into = root / os.path.join(folder, target).lstrip("/")
        for source in sources:
            if origin is None:
                # What is committed, which is what a fresh clone has; nothing that was built here.
                into.mkdir(parents=True, exist_ok=True)
                prefix = [] if source == "." else [f"HEAD:{source}"]
                archive = subprocess.Popen(["git", "-C", _REPOSITORY, "archive", *(prefix or ["HEAD"])],
                                           stdout=subprocess.PIPE)
                subprocess.run(["tar", "-x", "-C", into], stdin=archive.stdout, check=True)
                if archive.wait() != 0:
                    raise SystemExit(f"image_trial: {source} is not in the last commit")
            else:
                into.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-a", self._stages[origin] / source.lstrip("/"), into],
                               check=True)

    def serve(self, root, state):
        """Starts the image as its user and asks /healthz; what it answers."""
        config = self._give_configuration(root, state["user"])
        options = ["--config", config, "--port", str(_PORT), "--rtc-port", "0", "--workers", "1"]
        entry = " ".join([*state["entry"], *options])
        # `su` for the user; `exec` so that a signal reaches the server.
        command = ["su", "--preserve-environment", "--shell", "/bin/sh", state["user"], "--command",
                   f"exec {entry}"]
        with open(self._folder / "server.log", "w", encoding="utf8") as log:
            import threading
            failure = []

            def run():
                try:
                    self.inside(root, state["environment"], "/", command, stdout=log, stderr=log)
                except subprocess.CalledProcessError as error:
                    failure.append(error)

            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            answer = self._ask(thread)
            self._stop()
            thread.join(timeout=10)
        if failure or thread.is_alive():
            raise SystemExit(f"image_trial: it did not end well: {failure}")
        return answer

    # For the user of the image and nobody else, as its head says.
    def _give_configuration(self, root, user):
        path = "/etc/sluice/conference.json"
        target = root / path.lstrip("/")
        target.parent.mkdir()
        shutil.copy(_OPS / "conference.json", target)
        target.chmod(0o600)
        os.chown(target, 10001, 0)
        self.inside(root, {}, "/", ["su", user, "--shell", "/bin/sh", "--command", f"test -r {path}"])
        return path

    def _ask(self, thread):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end and thread.is_alive():
            try:
                with opener.open(f"http://127.0.0.1:{_PORT}/healthz", timeout=2) as answer:
                    return answer.read().decode()
            except OSError:
                time.sleep(0.2)
        raise SystemExit((self._folder / "server.log").read_text())

    def _stop(self):
        # By what it listens on, because it has its own numbers of processes.
        out = subprocess.run(["ss", "-Hltnp", f"sport = :{_PORT}"], capture_output=True, text=True,
                             check=True).stdout
        pid = int(out.split("pid=")[1].split(",")[0])
        os.kill(pid, 15)


def prebuilt_of(texts):
    """{stage: {path: file}} out of STAGE:PATH=FILE."""
    found = {}
    for text in texts:
        stage, _, rest = text.partition(":")
        path, _, file = rest.partition("=")
        if not (stage and path and os.path.isfile(file)):
            raise SystemExit(f"image_trial: --prebuilt {text} is not STAGE:PATH=FILE")
        found.setdefault(stage, {})[path] = file
    return found


def main():
    """Exit status 0 if what came out serves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--dir", type=pathlib.Path)
    parser.add_argument("--prebuilt", action="append", default=[], metavar="STAGE:PATH=FILE")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("image_trial: a chroot needs root")
    prebuilt = prebuilt_of(options.prebuilt)
    folder = options.dir or pathlib.Path(tempfile.mkdtemp(prefix="sluice-image-", dir="/var/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        trial = Trial(folder, prebuilt)
        root, state = trial.run()
        size = subprocess.run(["du", "-sm", root], capture_output=True, text=True, check=True).stdout
        say(f"the last stage has {size.split()[0]} MB")
        say(f"it serves: {trial.serve(root, state).strip()}")
    finally:
        if options.dir is None:
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
