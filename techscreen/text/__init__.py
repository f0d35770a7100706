"""Words: how a text is normalised, cut into sentences and words, stemmed and compared. May import the ground alone."""
