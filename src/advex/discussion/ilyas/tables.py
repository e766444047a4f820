"""What the tables of the paper's mathematics hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import Columns, numbers, texts

_GAUSSIAN = "mean_1 mean_2 covariance_11 covariance_22 boundary_slope gradient_alignment_degrees"


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    return {
        "gaussian": {
            **numbers("seed epsilon value"),
            "method": texts("true monte_carlo relaxation_squared relaxation_as_printed"),
            "quantity": texts(_GAUSSIAN),
        },
        "gaussian_theory": {
            **numbers("seed epsilon penalty value"),
            "method": texts(
                "formula monte_carlo monte_carlo_literal relaxation_squared relaxation_as_printed"
            ),
            "quantity": texts(
                f"{_GAUSSIAN} mean_error multiplier worst_case_cosine worst_case_cosine_searched "
                "closed_form_excess_loss closed_form_excess_loss_isotropic adversarial_excess_loss "
                "adversarial_excess_loss_isotropic"
            ),
        },
        "robust_and_accurate": {
            **numbers("seed epsilon value"),
            "method": texts("erm erm_squared_loss adversarial adversarial_l2"),
            "quantity": texts(
                "weight_1 weight_2 bias boundary_angle_from_vertical_degrees accuracy_percent "
                "robust_accuracy_percent robust_accuracy_l2_percent largest_robust_epsilon "
                "largest_robust_epsilon_l2"
            ),
        },
    }
