# Experiments with a job of their own: mathematics, linear algebra, chains of short trainings, images that are
# optimised, pages. A row of `experiments` in config/experiments.yaml is all that a rule needs; its job makes the row's
# tables and pictures for one seed, or its pages for the whole study.
for experiment, row in PLAN.experiments.experiments.items():

    rule:
        name:
            row.rule(experiment)
        input:
            unpack(from_plan(PLAN.experiment_inputs, experiment, row.seed)),
        output:
            **PLAN.experiment_outputs(experiment),
        log:
            f"results/{{study}}/logs/{row.job(experiment)}.log",
        benchmark:
            f"results/{{study}}/benchmarks/{row.job(experiment)}.tsv"
        conda:
            f"../envs/{row.environment}.yaml"
        threads: from_plan(PLAN.experiment_resource, experiment, "threads")
        resources:
            gpu=from_plan(PLAN.experiment_resource, experiment, "gpu"),
            mem_mb=from_plan(PLAN.experiment_resource, experiment, "mem_mb"),
            runtime=from_plan(PLAN.experiment_resource, experiment, "runtime_minutes"),
        params:
            study="{study}",
            seed=row.seed,
            experiment=experiment,
            precision=from_plan(PLAN.experiment_precision, experiment),
            settings=from_plan(PLAN.experiment_settings, experiment),
            uses=uses_of("experiment.py", from_plan(USES.experiment, experiment)),
            code=code_of("experiment.py", from_plan(USES.experiment, experiment)),
        message:
            row.message
        script:
            "../scripts/experiment.py"
