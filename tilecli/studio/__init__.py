"""The whole project in a browser: experiments, runs, queue, data, models; read from git and the records, offline."""
