"""How the answer of a search of the past is shown: data, CSV, one page of HTML. Pure."""
