"""Partners that hand over files: a catalogue, a deep link by template, commission as a statement."""
