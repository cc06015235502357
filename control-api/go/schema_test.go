package sluice

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestGeneratedCodeIsThatOfTheSchema(t *testing.T) {
	for _, tool := range []string{"flatc", "gofmt"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") == "" {
			t.Skipf("%s is not installed", tool)
		}
	}
	if _, err := os.Stat("../schema"); os.IsNotExist(err) && os.Getenv("CI") == "" {
		t.Skip("the schema is in the repository only")
	}
	fresh := t.TempDir()
	output, err := exec.Command("./generate.sh", fresh).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	committed := filesOf(t, "internal/generated")
	generated := filesOf(t, fresh)
	for name, text := range generated {
		if !bytes.Equal(committed[name], text) {
			t.Errorf("%s is not what the schema says: run go generate", name)
		}
	}
	for name := range committed {
		if generated[name] == nil {
			t.Errorf("%s is left over: run go generate", name)
		}
	}
}

func filesOf(t *testing.T, directory string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(directory, "*.go"))
	check(t, err)
	files := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		check(t, err)
		files[filepath.Base(name)] = text
	}
	return files
}
