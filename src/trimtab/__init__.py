"""Trimtab: an exact leverage and collateral risk engine."""
