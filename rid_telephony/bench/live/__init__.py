"""Concurrent calls with real speech through a real PBX, and what they cost."""
