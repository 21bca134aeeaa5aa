"""Which file of tests compares with which files of `zoo/`, all arrays of them."""

READ_BY = {
    "test_embedding_alignment": (
        "dcase2023_pool1d",
        "dcase2023_interpolate",
        "dcase2024_pool1d",
        "dcase2024_interpolate",
    ),
    "test_trajectories": (
        "dcase2023_trajectory_mixup_off",
        "dcase2023_trajectory_mixup_on",
        "dcase2024_trajectory_mixup_off",
        "dcase2024_trajectory_mixup_on",
    ),
    "test_settings_of_2024": ("dcase2024_small",),
    "test_recording_segments": (
        "dcase2024_maestro_metrics",
        "dcase2024_maestro_metrics_head_c7a3b71",
    ),
    "test_pretrained_sed": ("psed_atst_frame", "psed_beats"),
    "test_frame_mn": ("psed_frame_mn06", "psed_frame_mn10", "psed_mel128"),
    "test_fdy": ("fdy_layer", "fdy_network"),
    "test_augmentation": ("fdy_augment",),
    "test_decode": ("fdy_decode",),
}
NOT_COMPARED = {
    "sed_scores_eval_version": "which release made the file; its values are compared",
}
"""Names of arrays that no test has to read, and why."""
