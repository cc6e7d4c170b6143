"""The large totals for visitors."""
