import pathlib
import re
import unittest

from blocks import read_page

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# What pages call that the smallest Debian does not have, and the package that brings it.
_PACKAGES = {"curl": "curl", "go": "golang-go", "flatc": "flatbuffers-compiler",
             "ffmpeg": "ffmpeg", "openssl": "openssl", "tshark": "tshark",
             "gst-launch-1.0": "gstreamer1.0-tools"}


def called_by(text):
    """Those of _PACKAGES that stand in `text` where a command begins."""
    commands = re.findall(r"(?:^|[|;&(]|\bexec)\s*([\w.-]+)", text, re.MULTILINE)
    return set(commands) & _PACKAGES.keys()


class SetupTest(unittest.TestCase):
    def test_a_command_is_found_at_the_begin_of_a_line_and_behind_a_pipe(self):
        self.assertEqual(called_by("curl -s x\ntrue |\n  go run ."), {"curl", "go"})
        self.assertEqual(called_by("echo curl"), set())

    def test_setup_installs_what_pages_call(self):
        setup = (_REPOSITORY / "scripts" / "setup.sh").read_text()
        installed = set(re.split(r"[\s()]+", setup))
        for path in sorted((_REPOSITORY / "docs").glob("*.md")):
            for block in read_page(path.name, path.read_text()).blocks:
                if block.language != "sh":
                    continue
                for command in called_by(block.text):
                    self.assertTrue(_PACKAGES[command] in installed,
                                    f"{path.name}:{block.line}: setup.sh installs no {command}")


if __name__ == "__main__":
    unittest.main()
