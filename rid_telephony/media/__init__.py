"""Sources of audio: captures, files, and later live forks of the PBX."""
