"""The Count tab: what it holds beside the picture and the figures."""
