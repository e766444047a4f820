# What is prepared otherwise than by `prepare`: a second test set, and images that are too many for memory.


localrules:  # it may download
    second_test,


rule second_test:
    output:
        dataset="results/{study}/datasets/second/test.safetensors",
    log:
        "results/{study}/logs/second_test/test.log",
    benchmark:
        "results/{study}/benchmarks/second_test/test.tsv"
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "prepare", "threads")
    resources:
        mem_mb=from_plan(PLAN.resource, "prepare", "mem_mb"),
        runtime=from_plan(PLAN.resource, "prepare", "runtime_minutes"),
        mirror=mirror_of_others,
    params:
        study="{study}",
        second_test=from_plan(PLAN.second_test),
        downloads="data",
        code=code_of("second_test.py"),
    message:
        "prepare the second test set of {wildcards.study}"
    script:
        "../scripts/second_test.py"


rule restricted_imagenet:
    output:
        train="results/{study}/datasets/natural/train.safetensors",
        test="results/{study}/datasets/natural/test.safetensors",
        origin="results/{study}/datasets/natural/origin.csv",
    log:
        "results/{study}/logs/prepare/natural.log",
    benchmark:
        "results/{study}/benchmarks/prepare/natural.tsv"
    wildcard_constraints:
        study=studies_from_a_folder(),
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "prepare", "threads")
    resources:
        mem_mb=from_plan(PLAN.resource, "prepare", "mem_mb"),
        runtime=from_plan(PLAN.resource, "prepare", "runtime_minutes"),
        mirror=mirror_of,
    params:
        study="{study}",
        data=from_plan(PLAN.data),
        code=code_of("restricted_imagenet.py"),
    message:
        "prepare the images of {wildcards.study} from a folder of ImageNet"
    script:
        "../scripts/restricted_imagenet.py"
