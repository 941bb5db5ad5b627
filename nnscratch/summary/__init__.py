"""Reports on networks: the table of a network, and how the weights of two networks differ.

Stands on `tensor` and `kernels`; `nn` offers `summary`. The network runs on arrays without numbers
(`shapes`); `table` has its rows, `differences` compares weights.
"""

from nnscratch.summary.table import Row, Summary, summary
