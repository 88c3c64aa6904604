"""Parts of the FLARE source: its folders, questions and answers, what its training set tells."""
