// A WHIP publisher and a WHEP viewer as a web page writes them: RTCPeerConnection and fetch, nothing
// else. What a test steers is in window.whip; the page's own address is that of the server.

(() => {
  const kSdp = 'application/sdp';
  const kFragment = 'application/trickle-ice-sdpfrag';
  // Three sizes of one picture, by rid.
  const kEncodings = [
    { rid: 'q', scaleResolutionDownBy: 4 },
    { rid: 'h', scaleResolutionDownBy: 2 },
    { rid: 'f' },
  ];

  class Session {
    constructor(url) {
      this.url = url;
      this.pc = new RTCPeerConnection();
      this.candidates = [];
      // The answers to PATCH, as "204".
      this.patched = [];
      this.pc.onicecandidate = ({ candidate }) => {
        if (candidate?.sdpMLineIndex === 0) this.candidates.push(candidate);
        if (!candidate) this.gathered?.();
      };
    }

    async publish({ codec }) {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: true,
        video: { width: 1280, height: 720 },
      });
      const [video] = stream.getVideoTracks();
      const [audio] = stream.getAudioTracks();
      const direction = 'sendonly';
      this.pc.addTransceiver(audio, { direction, streams: [stream] });
      const sendEncodings = kEncodings;
      const sender = this.pc.addTransceiver(video, { direction, streams: [stream], sendEncodings });
      const codecs = RTCRtpSender.getCapabilities('video').codecs;
      const wanted = ({ mimeType }) => mimeType === codec || /rtx$/.test(mimeType);
      sender.setCodecPreferences(codecs.filter(wanted));
      return this.open();
    }

    async watch() {
      this.pc.addTransceiver('audio', { direction: 'recvonly' });
      this.pc.addTransceiver('video', { direction: 'recvonly' });
      // Nothing decodes what nobody shows.
      const element = document.createElement('video');
      element.srcObject = new MediaStream();
      element.muted = true;
      this.pc.ontrack = ({ track }) => element.srcObject.addTrack(track);
      document.body.append(element);
      await this.open();
      await element.play();
    }

    // The offer goes before any candidate is known; they follow by PATCH.
    async open() {
      const gathered = new Promise((resolve) => (this.gathered = resolve));
      const offer = await this.pc.createOffer();
      await this.pc.setLocalDescription(offer);
      const headers = { 'Content-Type': kSdp };
      const response = await fetch(this.url, { method: 'POST', headers, body: offer.sdp });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      this.location = new URL(response.headers.get('Location'), response.url).href;
      this.etag = response.headers.get('ETag');
      this.links = response.headers.get('Link') ?? '';
      await this.pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      await gathered;
      await this.trickle();
    }

    // The credentials and candidates of the first section, which stands for all.
    fragment() {
      const { sdp } = this.pc.localDescription;
      const line = (name) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)[0];
      const lines = [line('ice-ufrag'), line('ice-pwd'), /^m=.*$/m.exec(sdp)[0], line('mid')];
      const candidates = this.candidates.map(({ candidate }) => `a=${candidate}`);
      return [...lines, ...candidates, 'a=end-of-candidates', ''].join('\r\n');
    }

    async patch(etag) {
      const headers = { 'Content-Type': kFragment, 'If-Match': etag };
      const body = this.fragment();
      const response = await fetch(this.location, { method: 'PATCH', headers, body });
      this.patched.push(response.status);
      return response;
    }

    trickle() {
      return this.patch(this.etag);
    }

    // RFC 9725 §4.3.3: new credentials on both sides, and nothing else of the description.
    async restart() {
      this.candidates = [];
      const gathered = new Promise((resolve) => (this.gathered = resolve));
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
      await gathered;
      const response = await this.patch('*');
      this.etag = response.headers.get('ETag');
      const fragment = await response.text();
      const value = (name) => new RegExp(`^a=${name}:(.*)\r$`, 'm').exec(fragment)[1];
      const sdp = this.pc.currentRemoteDescription.sdp
        .replace(/^a=ice-ufrag:.*\r$/gm, `a=ice-ufrag:${value('ice-ufrag')}\r`)
        .replace(/^a=ice-pwd:.*\r$/gm, `a=ice-pwd:${value('ice-pwd')}\r`);
      await this.pc.setRemoteDescription({ type: 'answer', sdp });
    }

    // Address of an extension of WHEP, by the end of its name.
    extension(name) {
      const of = new RegExp(`<([^>]+)>; rel="urn:ietf:params:whep:ext:core:${name}"`);
      return new URL(of.exec(this.links)[1], this.location).href;
    }

    async listen(events) {
      const body = JSON.stringify(events);
      const headers = { 'Content-Type': 'application/json' };
      const url = this.extension('server-sent-events');
      const made = await fetch(url, { method: 'POST', headers, body });
      this.told = {};
      const source = new EventSource(new URL(made.headers.get('Location'), url));
      for (const event of events) {
        source.addEventListener(event, ({ data }) => (this.told[event] = JSON.parse(data)));
      }
    }

    async choose(selection) {
      const body = JSON.stringify(selection);
      const headers = { 'Content-Type': 'application/json' };
      return (await fetch(this.extension('layer'), { method: 'POST', headers, body })).status;
    }

    async stats() {
      const all = [...(await this.pc.getStats()).values()];
      const video = all.filter(({ kind }) => kind === 'video');
      const inbound = video.find(({ type }) => type === 'inbound-rtp');
      const sent = video.filter(({ type }) => type === 'outbound-rtp');
      const sound = all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
      const [, ufrag] = /^a=ice-ufrag:(.*)\r$/m.exec(this.pc.currentRemoteDescription?.sdp) ?? [];
      return {
        state: this.pc.connectionState,
        ice: this.pc.iceConnectionState,
        patched: this.patched,
        told: this.told,
        remoteUfrag: ufrag,
        sending: sent.filter(({ framesSent }) => framesSent > 0).map(({ rid }) => rid),
        packetsSent: sent.reduce((sum, { packetsSent }) => sum + packetsSent, 0),
        framesDecoded: inbound?.framesDecoded ?? 0,
        width: inbound?.frameWidth ?? 0,
        // Nothing is played aloud where nobody pressed a button.
        soundPackets: sound?.packetsReceived ?? 0,
      };
    }

    async close() {
      const { status } = await fetch(this.location, { method: 'DELETE' });
      this.pc.close();
      return status;
    }
  }

  window.whip = { Session };
})();
