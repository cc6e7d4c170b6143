"""The model chooser, two models side by side, and why a network says so."""
