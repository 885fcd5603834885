"""What a call is, whatever the PBX."""
