localrules:
    collect,
    picture,
    draw,


rule measure:
    input:
        of_plan(PLAN.measurement_inputs, "source/measurement", "seed"),
    output:
        table="results/{study}/measurements/{source}/{measurement}/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/{source}/{measurement}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/{source}/{measurement}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("measure", "threads")
    resources:
        gpu=asked_for("measure", "gpu"),
        mem_mb=asked_for("measure", "mem_mb"),
        runtime=asked_for("measure", "runtime_minutes"),
    params:
        study="{study}",
        measurement="{source}/{measurement}",
        seed="{seed}",
        precision=of_plan(PLAN.precision),
        entries=of_plan(PLAN.measurement_settings, "source/measurement", "seed"),
        uses=uses_of("measure.py", of_plan(USES.measure, "source/measurement")),
        code=code_of("measure.py", of_plan(USES.measure, "source/measurement")),
    message:
        "measure {wildcards.source}/{wildcards.measurement}, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/measure.py"


rule collect:
    input:
        of_plan(PLAN.measurement_parts, "source/name"),
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
        unpack(of_plan(PLAN.picture_inputs, "source/name")),
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
        picture=of_plan(PLAN.picture_settings, "source/name"),
        code=code_of("picture.py"),
    message:
        "pick the images of {wildcards.source}/{wildcards.name} of {wildcards.study}"
    script:
        "../scripts/picture.py"


rule draw:
    input:
        measurements=of_plan(PLAN.figure_inputs, "source/name"),
        origin=of_plan(PLAN.figure_origin, "source/name"),
        published="published/{source}.csv",
    output:
        svg="results/{study}/figures/{source}/{name}.svg",
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
        names=of_plan(PLAN.figure_measurements, "source/name"),
        context=of_plan(PLAN.figure_context, "source/name"),
        uses=uses_of("draw.py", used_by_figure),
        code=code_of("draw.py", used_by_figure),
    message:
        "draw {wildcards.source}/{wildcards.name} of {wildcards.study}"
    script:
        "../scripts/draw.py"
