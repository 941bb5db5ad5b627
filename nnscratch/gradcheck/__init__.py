"""The gradient check: is the gradient of a function the slope that its values have?

Stands on `tensor`. Read `idea` first; `checker` does the same with care, and `diagnosis` explains
a disagreement: a wrong gradient, a kink, or too much noise to decide.
"""

from nnscratch.gradcheck.checker import check, check_second, gradcheck, gradgradcheck, gradient_of
from nnscratch.gradcheck.diagnosis import GradcheckError, Report, Tolerances
from nnscratch.gradcheck.idea import gradient_error, numerical_gradient
