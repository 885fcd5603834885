"""Recognition in the caller's own thread, for replays that run as fast as they can."""

from __future__ import annotations

from concurrent.futures import Future

from rid_telephony.speech.messages import SpeechSegment, Transcript
from rid_telephony.speech.recogniser import Transcriber


class InlineRecogniser:
    """Recognises at once, so that a replay does not depend on the machine's speed.

    A draft's words serve its final too, when the speaker did not go on in between.

    Args:
        transcriber: The model.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._drafts: dict[str, tuple[bytes, Transcript]] = {}

    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        """Recognise now; the future is done when this returns."""
        future: Future[Transcript] = Future()
        try:
            future.set_result(self._transcribe(segment))
        except Exception as error:
            future.set_exception(error)
        return future

    def cancel(self, utterance_id: str) -> None:
        """Give up the draft of an utterance: the speaker went on."""
        self._drafts.pop(utterance_id, None)

    def _transcribe(self, segment: SpeechSegment) -> Transcript:
        audio = segment.samples.tobytes()
        known, transcript = self._drafts.pop(segment.utterance_id, (b"", None))
        if transcript is None or known != audio:
            transcript = self._transcriber.transcribe(segment.samples)
        if segment.draft:
            self._drafts[segment.utterance_id] = (audio, transcript)
        return transcript
