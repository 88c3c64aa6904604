"""The parts of de-identification: tables, pseudonyms, rewriting, the text gate, the leak scan."""
