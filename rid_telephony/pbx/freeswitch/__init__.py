"""FreeSWITCH, over its event socket (ESL)."""
