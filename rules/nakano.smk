# An image is optimised rather than a network or a data set, so comment 4 has a rule of its own.


rule style_transfer:
    input:
        unpack(own_inputs_of("nakano/style_transfer")),
        files=of_plan(PLAN.photographs),
    output:
        style_transfer="results/{study}/measurements/nakano/style_transfer/seed{seed}.csv",
        texture_artifacts="results/{study}/measurements/nakano/texture_artifacts/seed{seed}.csv",
        style_and_content_network="results/{study}/measurements/nakano/style_and_content_network/seed{seed}.csv",
        single_layer_style="results/{study}/measurements/nakano/single_layer_style/seed{seed}.csv",
        images="results/{study}/measurements/nakano/images/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/nakano/style_transfer/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/nakano/style_transfer/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("measure", "threads")
    resources:
        gpu=asked_for("measure", "gpu"),
        mem_mb=asked_for("measure", "mem_mb"),
        runtime=asked_for("measure", "runtime_minutes"),
    params:
        study="{study}",
        seed="{seed}",
        settings=own_settings_of("nakano/style_transfer"),
        uses=uses_of("style_transfer.py", used_by_own("nakano/style_transfer")),
        code=code_of("style_transfer.py", used_by_own("nakano/style_transfer")),
    message:
        "make images by style transfer, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/style_transfer.py"


rule style_slider:
    input:
        images="results/{study}/measurements/nakano/images/seed0.safetensors",
        template="report/slider.html.j2",
    output:
        page="results/{study}/figures/nakano/slider.html",
    log:
        "results/{study}/logs/draw/nakano/slider.log",
    benchmark:
        "results/{study}/benchmarks/draw/nakano/slider.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study="{study}",
        code=code_of("style_slider.py"),
    message:
        "write the page that compares images of {wildcards.study}"
    script:
        "../scripts/style_slider.py"
