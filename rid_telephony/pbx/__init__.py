"""PBX adapters: events in, commands out, supervision."""
