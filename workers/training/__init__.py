"""Two-stage LoRA: examples → adapter → evaluation → promotion decision."""
