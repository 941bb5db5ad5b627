"""The table of a network: what comes out of each layer, what it costs, what it sees.

Stands on `tensor` and `kernels`; `nn` offers `summary`. The network runs on arrays without numbers
(`shapes`); `table` has the rows.
"""

from nnscratch.summary.table import Row, Summary, summary
