"""Every numerical tolerance of the tests, in one place (float32 on CPU, absolute).

They follow the suggestions of the recorded runs of the official code and are never loosened to
make a test pass.
"""

LOGITS = 2e-5  # model logits against the official code, small models
LOGITS_FULL = 3e-4  # the 50,264-token models, whose logits are about ten times as large
LOG_PROBS = 5e-5  # per-token log-probabilities and search scores, small models
LOG_PROBS_FULL = 3e-4  # the same, 50,264-token models
HUGGING_FACE_LOGITS = 1e-4  # logits of exported folders in PyTorch transformers
QUALS = 1e-4  # a row's score: against the official code, and across batches, buckets and devices
LOSS = 1e-5  # losses, relative
GRADIENT = 1e-5  # gradients, relative to the largest entry of the tensor
NUMERICAL_GRADIENT = 1e-2  # gradients against differences of float32 losses, relative and absolute
BFLOAT16_KL = 0.02  # nats between float32 and bfloat16 next-token distributions
BFLOAT16_LOSS = 0.01  # training losses with bfloat16 products against float32, relative
PARAMS = 2e-6  # parameters after recorded updates, absolute and relative
STATISTIC = 1e-9  # correlations and other statistics against scipy and hand-computed values
ROUNDED = 1e-6  # figures that are written with six decimals
DRAWN = 0.02  # pixels: drawings are written with two decimals
