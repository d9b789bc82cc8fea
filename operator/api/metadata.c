// SPDX-License-Identifier: Apache-2.0
/* metadata as the apiserver checks it for every kind of object. */
#include "operator/api/check.h"
#include "operator/api/rules.h"

#define LABEL_VALUE_MAX 63
#define NAME_PART_MAX   63
#define SUBDOMAIN_MAX   253
#define ANNOTATIONS_MAX (256 * 1024)

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_lower_alnum(char c)
{
    return is_alnum(c) && !(c >= 'A' && c <= 'Z');
}

/* One part of a DNS name: lower case, digits, inner dashes. */
static bool is_dns_label(struct rx_str text)
{
    if (text.n == 0 || !is_lower_alnum(text.p[0]) || !is_lower_alnum(text.p[text.n - 1])) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_lower_alnum(text.p[i]) && text.p[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_subdomain(struct rx_str text)
{
    struct rx_str part;

    if (text.n == 0 || text.n > SUBDOMAIN_MAX) {
        return false;
    }
    while (rx_str_cut(&text, '.', &part)) {
        if (!is_dns_label(part)) {
            return false;
        }
    }
    return true;
}

/* Letters and digits at the ends; '-', '_' and '.' within. */
static bool is_name_part(struct rx_str text)
{
    if (text.n == 0 || text.n > NAME_PART_MAX || !is_alnum(text.p[0]) ||
        !is_alnum(text.p[text.n - 1])) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alnum(text.p[i]) && !strchr("-_.", text.p[i])) {
            return false;
        }
    }
    return true;
}

bool rx_is_qualified_name(struct rx_str key, bool any_case)
{
    char prefix[SUBDOMAIN_MAX];
    ptrdiff_t slash = rx_str_find(key, '/');

    if (slash < 0) {
        return is_name_part(key);
    }
    size_t n = (size_t)slash;
    if (n > sizeof(prefix)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool upper = key.p[i] >= 'A' && key.p[i] <= 'Z';
        prefix[i] = (char)(upper && any_case ? key.p[i] + ('a' - 'A') : key.p[i]);
    }
    return is_subdomain((struct rx_str){prefix, n}) &&
           is_name_part((struct rx_str){key.p + n + 1, key.n - n - 1});
}

static bool all_strings(const struct rx_json *map)
{
    RX_JSON_FOREACH (member, map) {
        if (rx_json_type(member.value) != RX_JSON_STR) {
            return false;
        }
    }
    return true;
}

static void check_name(struct rx_check *check, const struct rx_json *metadata)
{
    struct rx_str name = rx_json_str(rx_json_get(metadata, "name"));
    struct rx_str prefix = rx_json_str(rx_json_get(metadata, "generateName"));

    if (name.n == 0 && prefix.n == 0) {
        rx_check_report(check, "is required: name or generateName");
        check->blocking = true;
    } else if (name.n > 0 && !is_subdomain(name)) {
        rx_check_report(check, "must be lower-case letters, digits, '-' and '.', with a letter or "
                               "digit at both ends, at most 253 characters");
    }
}

static void check_labels(struct rx_check *check, const struct rx_json *labels)
{
    RX_JSON_FOREACH (label, labels) {
        struct rx_str value = rx_json_str(label.value);
        if (!rx_is_qualified_name(label.key, false)) {
            rx_check_report(check, "'" RX_STR_FMT "' is no label name", RX_STR_ARG(label.key));
        } else if (value.n > 0 && !is_name_part(value)) {
            rx_check_report(check, "value of '" RX_STR_FMT "' is no label value",
                            RX_STR_ARG(label.key));
        }
    }
}

static void check_annotations(struct rx_check *check, const struct rx_json *annotations)
{
    size_t total = 0;

    RX_JSON_FOREACH (annotation, annotations) {
        total += annotation.key.n + rx_json_str(annotation.value).n;
        if (!rx_is_qualified_name(annotation.key, true)) {
            rx_check_report(check, "'" RX_STR_FMT "' is no annotation name",
                            RX_STR_ARG(annotation.key));
        }
    }
    if (total > ANNOTATIONS_MAX) {
        check->blocking = true;
        rx_check_report(check, "may not be longer than %d bytes in total", ANNOTATIONS_MAX);
    }
}

/* What the apiserver cannot even decode is reported on metadata as a whole. */
static bool decodes(const struct rx_json *metadata)
{
    static const char *const texts[] = {"name", "generateName", "namespace", "uid",
                                        "resourceVersion"};
    static const char *const maps[] = {"labels", "annotations"};

    if (rx_json_type(metadata) != RX_JSON_OBJECT) {
        return false;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(texts); i++) {
        enum rx_json_type type = rx_json_type(rx_json_get(metadata, texts[i]));
        if (type != RX_JSON_STR && type != RX_JSON_MISSING && type != RX_JSON_NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(maps); i++) {
        const struct rx_json *map = rx_json_get(metadata, maps[i]);
        enum rx_json_type type = rx_json_type(map);
        if (type != RX_JSON_OBJECT && type != RX_JSON_MISSING && type != RX_JSON_NULL) {
            return false;
        }
        if (!all_strings(map)) {
            return false;
        }
    }
    return true;
}

void rx_check_metadata(struct rx_check *check, const struct rx_json *object)
{
    const struct rx_json *metadata = rx_json_get(object, "metadata");
    static const struct {
        const char *field;
        void (*check)(struct rx_check *check, const struct rx_json *value);
    } maps[] = {{"labels", check_labels}, {"annotations", check_annotations}};
    size_t root = rx_path_push_key(&check->path, RX_STR("metadata"));

    if (metadata && rx_json_type(metadata) != RX_JSON_NULL && !decodes(metadata)) {
        rx_check_report(check, "must be an object with texts in name, labels and annotations");
        check->blocking = true;
        rx_path_pop(&check->path, root);
        return;
    }
    size_t name = rx_path_push_key(&check->path, RX_STR("name"));
    check_name(check, metadata);
    rx_path_pop(&check->path, name);
    for (size_t i = 0; i < RX_ARRAY_LEN(maps); i++) {
        size_t before = rx_path_push_key(&check->path, rx_str_of(maps[i].field));
        maps[i].check(check, rx_json_get(metadata, maps[i].field));
        rx_path_pop(&check->path, before);
    }
    rx_path_pop(&check->path, root);
}
