"""The parts of converse: what is asked of a language model, and how its replies are checked."""
