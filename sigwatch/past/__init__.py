"""The past, searched in slices: what is left of a range, read in parallel, resumed without paying twice."""
