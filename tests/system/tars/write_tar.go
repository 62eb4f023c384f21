// write_tar NAME.tar FOLDER: writes every file and link below FOLDER with Go's archive/tar.
package main

import (
	"archive/tar"
	"io/fs"
	"os"
	"path/filepath"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	file, err := os.Create(os.Args[1])
	must(err)
	writer := tar.NewWriter(file)
	must(filepath.WalkDir(os.Args[2], func(path string, entry fs.DirEntry, err error) error {
		must(err)
		info, err := entry.Info()
		must(err)
		target, _ := os.Readlink(path)
		header, err := tar.FileInfoHeader(info, target)
		must(err)
		header.Name, err = filepath.Rel(os.Args[2], path)
		must(err)
		must(writer.WriteHeader(header))
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			must(err)
			_, err = writer.Write(content)
			must(err)
		}
		return nil
	}))
	must(writer.Close())
	must(file.Close())
}
