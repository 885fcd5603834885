"""Sources of audio: captures, files, and live forks of a PBX."""
