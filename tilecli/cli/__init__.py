"""One file per verb: parse, call one function, render. Only this package prints."""
