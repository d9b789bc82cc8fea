// SPDX-License-Identifier: Apache-2.0
/* radarx-operator validate: what the apiserver would say, without one. */
#include <stdio.h>
#include <string.h>

#include "operator/api/input.h"
#include "operator/api/validate.h"
#include "operator/cmd.h"

static const char usage[] =
    "usage: radarx-operator validate -f FILE [-f FILE]...\n"
    "Checks RadarXDeployments and AlertSubscriptions as the API server would, without one.\n"
    "  -f FILE   YAML or JSON, several documents allowed; - is standard input\n"
    "Prints one line for each problem, path: message. Exit status 0: all valid; 1: not; 2: "
    "usage.\n";

static const char *name_of(const struct rx_json *object)
{
    return rx_json_cstr(rx_json_at(object, "metadata.name"), "(no name)");
}

/* Adds the number of problems to *count. */
static int validate_object(const struct rx_json *object, bool with_name, size_t *count,
                           struct rx_error *err)
{
    rx_auto(problems) struct rx_problems problems = {0};

    int r = rx_validate(object, &problems, err);
    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < problems.n; i++) {
        if (with_name) {
            printf("%s: ", name_of(object));
        }
        printf("%s: %s\n", problems.list[i].path, problems.list[i].message);
    }
    *count += problems.n;
    return 0;
}

static int validate_file(const char *path, size_t *count, struct rx_error *err)
{
    rx_auto(input) struct rx_input *input = NULL;

    int r = rx_input_read(path, &input, err);
    size_t n = r < 0 ? 0 : rx_input_count(input);
    if (r == 0 && n == 0) {
        return rx_error_set(err, RX_EINVALID, "%s: holds no object", path);
    }
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = validate_object(rx_input_object(input, i), n > 1, count, err);
    }
    return r;
}

int rx_cmd_validate(int argc, char **argv)
{
    struct rx_error err = {0};
    size_t count = 0;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc < 3 || argc % 2 == 0) {
        fputs(usage, stderr);
        return 2;
    }
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "-f") != 0) {
            fprintf(stderr, "radarx-operator validate: unknown argument %s\n%s", argv[i], usage);
            return 2;
        }
        if (validate_file(argv[i + 1], &count, &err) < 0) {
            fflush(stdout);
            fprintf(stderr, "radarx-operator validate: %s\n", err.msg);
            return 1;
        }
    }
    if (fflush(stdout) != 0) {
        return 1;
    }
    return count > 0;
}
