"""SIP and RTP out of a packet capture: dialogs, streams, calls."""
