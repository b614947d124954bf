"""Generators that remake known face-swap methods for case files; the auditor never imports them."""
