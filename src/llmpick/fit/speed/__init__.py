"""Tokens per second: what a step reads and computes, divided by what the devices deliver (docs/speed.md).

`work` says what a model asks of a step, `devices` what a card can do, `constants` what runtimes were measured to make
of it, `decode` and `prefill` put them together.
"""
