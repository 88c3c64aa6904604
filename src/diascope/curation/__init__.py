"""From raw layouts to records that can be trusted: checks, patient-safe splits, the data card."""
