"""The bundle, its export, the engines that run it and the predictor. No torch at run time."""
