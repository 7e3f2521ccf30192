"""Fine-tuning memory: states, activations, logits and buffers of a training run."""
