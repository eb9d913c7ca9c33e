// Command charmreader is the judge of packed charms: it reads a .charm with Juju's own code, as `juju deploy` does
// before it uploads one, unpacks it as the controller and the unit agent do, and looks for dispatch as the agent does.
//
//	charmreader FILE [DIRECTORY]
//
// It prints what it found as JSON, or an error and exits with 1.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/juju/charm/v12"
)

type report struct {
	Name       string            `json:"name"`
	Bases      []string          `json:"bases"`
	Options    map[string]option `json:"options"`
	Actions    []string          `json:"actions"`
	Endpoints  map[string]string `json:"endpoints"`
	Containers map[string]string `json:"containers"`
	Resources  map[string]string `json:"resources"`
	Members    []string          `json:"members"`
	Dispatch   string            `json:"dispatch,omitempty"`
}

type option struct {
	Type    string `json:"type"`
	Default any    `json:"default"`
}

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: charmreader FILE [DIRECTORY]")
		os.Exit(2)
	}
	found, err := read(os.Args[1])
	if err == nil && len(os.Args) == 3 {
		found.Dispatch, err = expand(os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	if err := encoder.Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// read does what the client does.
func read(path string) (*report, error) {
	archive, err := charm.ReadCharmArchive(path)
	if err != nil {
		return nil, err
	}
	if err := charm.CheckMeta(archive); err != nil {
		return nil, err
	}
	members, err := archive.ArchiveMembers()
	if err != nil {
		return nil, err
	}
	found := &report{
		Name:       archive.Meta().Name,
		Options:    map[string]option{},
		Actions:    []string{},
		Endpoints:  map[string]string{},
		Containers: map[string]string{},
		Resources:  map[string]string{},
		Members:    members.SortedValues(),
	}
	if !members.Contains("dispatch") {
		return nil, fmt.Errorf("invalid charm %q: has no hooks nor dispatch file", path)
	}
	for _, base := range archive.Manifest().Bases {
		found.Bases = append(found.Bases, fmt.Sprintf("%s@%s:%s", base.Name, base.Channel.Track, strings.Join(base.Architectures, ",")))
	}
	if config := archive.Config(); config != nil {
		for name, declared := range config.Options {
			found.Options[name] = option{declared.Type, declared.Default}
		}
	}
	if actions := archive.Actions(); actions != nil {
		for name := range actions.ActionSpecs {
			found.Actions = append(found.Actions, name)
		}
		sort.Strings(found.Actions)
	}
	for name, relation := range archive.Meta().CombinedRelations() {
		found.Endpoints[name] = relation.Interface
	}
	for name, container := range archive.Meta().Containers {
		found.Containers[name] = container.Resource
	}
	for name, resource := range archive.Meta().Resources {
		found.Resources[name] = resource.Type.String()
	}
	return found, nil
}

// expand unpacks, repacks as the controller does, unpacks again as the unit agent does, and finds dispatch.
func expand(path, directory string) (string, error) {
	archive, err := charm.ReadCharmArchive(path)
	if err != nil {
		return "", err
	}
	first, second := filepath.Join(directory, "controller"), filepath.Join(directory, "unit")
	if err := archive.ExpandTo(first); err != nil {
		return "", err
	}
	unpacked, err := charm.ReadCharmDir(first)
	if err != nil {
		return "", err
	}
	repacked := filepath.Join(directory, "repacked.charm")
	file, err := os.Create(repacked)
	if err != nil {
		return "", err
	}
	if err := unpacked.ArchiveTo(file); err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	again, err := charm.ReadCharmArchive(repacked)
	if err != nil {
		return "", err
	}
	if err := again.ExpandTo(second); err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(second, "dispatch"))
}
