"""Models that ship with the tool, one folder a version, and what finds and checks them."""
