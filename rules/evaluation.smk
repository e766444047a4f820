localrules:
    collect,
    picture,
    draw,


rule measure:
    input:
        from_plan(PLAN.measurement_inputs, "{source}/{measurement}", "{seed}"),
    output:
        table="results/{study}/measurements/{source}/{measurement}/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/{source}/{measurement}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/{source}/{measurement}/seed{seed}.tsv"
    wildcard_constraints:
        source=sources_of_measure(),
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.measurement_resource, "{source}/{measurement}", "threads")
    resources:
        gpu=from_plan(PLAN.measurement_resource, "{source}/{measurement}", "gpu"),
        mem_mb=from_plan(PLAN.measurement_resource, "{source}/{measurement}", "mem_mb"),
        runtime=from_plan(
            PLAN.measurement_resource, "{source}/{measurement}", "runtime_minutes"
        ),
    params:
        study="{study}",
        measurement="{source}/{measurement}",
        seed="{seed}",
        precision=from_plan(PLAN.precision),
        entries=from_plan(PLAN.measurement_settings, "{source}/{measurement}", "{seed}"),
        uses=uses_of("measure.py", from_plan(USES.measure, "{source}/{measurement}")),
        code=code_of("measure.py", from_plan(USES.measure, "{source}/{measurement}")),
    message:
        "measure {wildcards.source}/{wildcards.measurement}, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/measure.py"


rule collect:
    input:
        from_plan(PLAN.measurement_parts, "{source}/{name}"),
    output:
        table="results/{study}/measurements/{source}/{name}.csv",
    log:
        "results/{study}/logs/collect/{source}/{name}.log",
    benchmark:
        "results/{study}/benchmarks/collect/{source}/{name}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study="{study}",
        measurement="{source}/{name}",
        code=code_of("collect.py"),
    message:
        "collect {wildcards.source}/{wildcards.name} of {wildcards.study}"
    script:
        "../scripts/collect.py"


rule picture:
    input:
        unpack(from_plan(PLAN.picture_inputs, "{source}/{name}")),
    output:
        picture="results/{study}/measurements/{source}/{name}.safetensors",
    log:
        "results/{study}/logs/picture/{source}/{name}.log",
    benchmark:
        "results/{study}/benchmarks/picture/{source}/{name}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        study="{study}",
        measurement="{source}/{name}",
        picture=from_plan(PLAN.picture_settings, "{source}/{name}"),
        code=code_of("picture.py"),
    message:
        "pick the images of {wildcards.source}/{wildcards.name} of {wildcards.study}"
    script:
        "../scripts/picture.py"


rule draw:
    input:
        measurements=from_plan(PLAN.figure_inputs, "{source}/{name}"),
        premises=from_plan(PLAN.figure_premise_inputs, "{source}/{name}"),
        origin=from_plan(PLAN.figure_origin, "{source}/{name}"),
        published="published/{source}.csv",
        claims=claims_of_source,
    output:
        svg=report(
            "results/{study}/figures/{source}/{name}.svg",
            caption="../report/workflow/figure.rst",
            category="Figures",
            subcategory="{source}",
            labels={"figure": "{name}", "study": "{study}"},
        ),
        png="results/{study}/figures/{source}/{name}.png",
    log:
        "results/{study}/logs/draw/{source}/{name}.log",
    benchmark:
        "results/{study}/benchmarks/draw/{source}/{name}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study="{study}",
        figure="{source}/{name}",
        names=from_plan(PLAN.figure_measurements, "{source}/{name}"),
        premises=from_plan(PLAN.figure_premises, "{source}/{name}"),
        context=from_plan(PLAN.figure_context, "{source}/{name}"),
        judging=from_plan(PLAN.judging),
        uses=uses_of("draw.py", from_plan(USES.draw, "{source}/{name}")),
        code=code_of("draw.py", from_plan(USES.draw, "{source}/{name}")),
    message:
        "draw {wildcards.source}/{wildcards.name} of {wildcards.study}"
    script:
        "../scripts/draw.py"
