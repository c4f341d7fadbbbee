"""Both services as they ship, as processes, talked to over loopback."""
