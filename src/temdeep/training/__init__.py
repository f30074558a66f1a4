"""Learning a model from a coarse series alone. Knows fields, the network and Lightning."""

from temdeep.extras import need

need("train")
