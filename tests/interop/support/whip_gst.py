#!/usr/bin/python3
"""GStreamer's webrtcbin as a WHIP publisher or a WHEP player.

usage: whip_gst.py publish URL [options]     a test picture and a tone
       whip_gst.py play URL [options]        counts what is decoded

  --codec VP8|H264   of the picture (default VP8)
  --profile P        of H264: constrained-baseline (the default), main or high
  --token TOKEN      sent as a bearer token
  --trickle          offer before candidates are known, send them by PATCH
  --passive          offer to be the DTLS server, without header extensions, as FFmpeg's muxer does

Prints one JSON object a line: {"event": "created", "location": ...}, {"event": "connected"},
{"event": "decoded", "video": N, "audio": N, "width": W} twice a second, {"event": "failed", ...}.
SIGTERM ends the session by DELETE; its status is printed as {"event": "deleted", "status": N}.

It uses addresses of loopback only. Needs python3-gi, gir1.2-gst-plugins-bad-1.0 and
gstreamer1.0-nice.
"""

import argparse
import json
import re
import signal
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

TIMEOUT_SECONDS = 10
REPORT_MS = 500

PICTURE = (
    "videotestsrc is-live=true pattern=ball ! "
    "video/x-raw,format=I420,width=640,height=360,framerate=15/1 ! "
)
# Long intervals: whoever comes later sees a picture because the encoder was asked for it.
ENCODERS = {
    "VP8": "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=600 target-bitrate=600000 ! "
    "rtpvp8pay picture-id-mode=15-bit ! "
    "application/x-rtp,media=video,encoding-name=VP8,payload=96",
    "H264": "x264enc tune=zerolatency speed-preset={preset} dct8x8={dct8x8} key-int-max=600 "
    "bitrate=600 ! video/x-h264,profile={profile} ! rtph264pay config-interval=-1 "
    "aggregate-mode=zero-latency ! application/x-rtp,media=video,encoding-name=H264,payload=96",
}
SOUND = (
    "audiotestsrc is-live=true freq=440 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! "
    "rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97,"
    "encoding-params=(string)2"
)
RECEIVED = {
    "VP8": "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96",
    "H264": "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
    "packetization-mode=(string)1,profile-level-id=(string){profile_level_id}",
    "OPUS": "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,"
    "encoding-params=(string)2",
}

# What an encoder has to be told, so that it makes what is only in this profile.
PROFILES = {
    "constrained-baseline": {"preset": "ultrafast", "dct8x8": "false", "profile_level_id": "42e01f"},
    "main": {"preset": "veryfast", "dct8x8": "false", "profile_level_id": "4d001f"},
    "high": {"preset": "veryfast", "dct8x8": "true", "profile_level_id": "64001f"},
}


def in_profile(text, profile):
    return text.format(profile=profile, **PROFILES[profile])


_TELLING = threading.Lock()


def tell(event, **facts):
    """Prints one line, whichever thread tells it."""
    with _TELLING:
        print(json.dumps({"event": event, **facts}), flush=True)


class Session:
    """The HTTP side: one session at a server."""

    def __init__(self, url, token):
        self.url = url
        self.token = token
        self.location = None
        self.etag = None

    def request(self, method, url, body=None, **fields):
        data = None if body is None else body.encode()
        request = urllib.request.Request(url, data=data, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in fields.items():
            request.add_header(name.replace("_", "-"), value)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return response.status, response.headers, response.read().decode()

    def offer(self, sdp):
        status, headers, answer = self.request(
            "POST", self.url, sdp, Content_Type="application/sdp"
        )
        self.location = urllib.parse.urljoin(self.url, headers["Location"])
        self.etag = headers["ETag"]
        tell("created", status=status, location=self.location, etag=self.etag)
        return answer

    def trickle(self, fragment):
        status, _, _ = self.request(
            "PATCH",
            self.location,
            fragment,
            Content_Type="application/trickle-ice-sdpfrag",
            If_Match=self.etag,
        )
        tell("trickled", status=status)

    def delete(self):
        if self.location is None:
            return
        try:
            status, _, _ = self.request("DELETE", self.location)
        except urllib.error.HTTPError as error:
            status = error.code
        tell("deleted", status=status)


class Peer:
    """The media side: one webrtcbin."""

    def __init__(self, options, loop):
        self.options = options
        self.loop = loop
        self.session = Session(options.url, options.token)
        self.counts = {"video": 0, "audio": 0}
        self.width = None
        self.candidates = []
        self.offered = False
        self.pipeline = Gst.parse_launch(self.description())
        self.webrtc = self.pipeline.get_by_name("webrtc")
        # Held for as long as the pipeline: the binding believes that the reference is its own.
        self.agent = self.webrtc.get_property("ice-agent")
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        self.add_transceivers()
        self.webrtc.connect("on-negotiation-needed", self.on_negotiation_needed)
        self.webrtc.connect("on-ice-candidate", self.on_candidate)
        self.webrtc.connect("notify::ice-gathering-state", self.on_gathering)
        self.webrtc.connect("notify::connection-state", self.on_connection)
        self.webrtc.connect("pad-added", self.on_pad)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)

    def description(self):
        head = "webrtcbin name=webrtc bundle-policy=max-bundle latency=100 "
        if self.options.verb == "play":
            return f"pipeline. ( {head} )"
        encoder = in_profile(ENCODERS[self.options.codec], self.options.profile)
        return f"{head} {PICTURE} {encoder} ! webrtc. {SOUND} ! webrtc."

    def add_transceivers(self):
        if self.options.verb == "play":
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            for name in (self.options.codec, "OPUS"):
                caps = Gst.Caps.from_string(in_profile(RECEIVED[name], self.options.profile))
                self.webrtc.emit("add-transceiver", direction, caps)
            return
        at = 0
        while (one := self.webrtc.emit("get-transceiver", at)) is not None:
            one.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
            at += 1

    def start(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        GLib.timeout_add(REPORT_MS, self.report)

    def report(self):
        if self.options.verb == "play":
            tell("decoded", width=self.width, **self.counts)
        return True

    def on_negotiation_needed(self, _):
        promise = Gst.Promise.new_with_change_func(self.on_offer, None)
        self.webrtc.emit("create-offer", None, promise)

    def on_offer(self, promise, _):
        # The offer lives as long as the reply that it is part of.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.webrtc.emit("set-local-description", offer, Gst.Promise.new())
        if self.options.trickle:
            self.negotiate(offer.sdp.as_text())

    def on_candidate(self, _, index, candidate):
        if index == 0:
            self.candidates.append(candidate)

    def on_gathering(self, *_):
        state = self.webrtc.get_property("ice-gathering-state")
        if state != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        if not self.options.trickle:
            self.negotiate(self.webrtc.get_property("local-description").sdp.as_text())

    def negotiate(self, sdp):
        if self.offered:
            return
        self.offered = True
        threading.Thread(target=self.exchange, args=(sdp,), daemon=True).start()

    def exchange(self, sdp):
        if self.options.passive:
            sdp = re.sub(r"a=setup:\w+", "a=setup:passive", sdp)
            sdp = re.sub(r"a=extmap:.*\r\n", "", sdp)
        try:
            answer = self.session.offer(sdp)
        except urllib.error.HTTPError as error:
            tell("failed", status=error.code, detail=error.read().decode())
            self.loop.quit()
            return
        except OSError as error:
            tell("failed", status=0, detail=str(error))
            self.loop.quit()
            return
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        remote = GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, message
        )
        self.webrtc.emit("set-remote-description", remote, Gst.Promise.new())
        if self.options.trickle:
            self.trickle(sdp)

    def trickle(self, sdp):
        credentials = "".join(
            re.search(rf"a=ice-{name}:.*\r\n", sdp)[0] for name in ("ufrag", "pwd")
        )
        mid = re.search(r"a=mid:(.*)\r\n", sdp)[1]
        lines = "".join(f"a={candidate}\r\n" for candidate in self.candidates)
        section = f"m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{mid}\r\n"
        self.session.trickle(f"{credentials}{section}{lines}a=end-of-candidates\r\n")

    def on_connection(self, *_):
        state = self.webrtc.get_property("connection-state")
        tell(state.value_nick)

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin", None)
        decoder.connect("pad-added", self.on_decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded(self, _, pad):
        structure = pad.get_current_caps().get_structure(0)
        kind = structure.get_name().split("/")[0]
        sink = Gst.ElementFactory.make("fakesink", None)
        sink.set_property("signal-handoffs", True)
        sink.set_property("sync", False)
        sink.connect("handoff", self.on_buffer, kind)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def on_buffer(self, _, __, pad, kind):
        self.counts[kind] += 1
        if kind == "video":
            self.width = pad.get_current_caps().get_structure(0).get_value("width")

    def on_error(self, _, message):
        error, debug = message.parse_error()
        tell("failed", status=0, detail=f"{error.message}: {debug}")
        self.loop.quit()

    def stop(self):
        self.session.delete()
        self.pipeline.set_state(Gst.State.NULL)
        self.loop.quit()
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["publish", "play"])
    parser.add_argument("url")
    parser.add_argument("--codec", choices=["VP8", "H264"], default="VP8")
    parser.add_argument("--profile", choices=PROFILES, default="constrained-baseline")
    parser.add_argument("--token")
    parser.add_argument("--trickle", action="store_true")
    parser.add_argument("--passive", action="store_true")
    options = parser.parse_args()
    Gst.init(None)
    loop = GLib.MainLoop()
    peer = Peer(options, loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, peer.stop)
    peer.start()
    loop.run()


if __name__ == "__main__":
    sys.exit(main())
