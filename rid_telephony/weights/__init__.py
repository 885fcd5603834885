"""Where model files are found, checked and joined; the only place that opens them."""

from rid_telephony.weights.silero import open_silero
from rid_telephony.weights.whisper import find_whisper, load_whisper

__all__ = ["find_whisper", "load_whisper", "open_silero"]
