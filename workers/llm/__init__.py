"""The one door to language models: mlx-lm, behind one small interface."""
