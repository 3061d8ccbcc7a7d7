package backend_test

import "errors"

const childLimit = "GATEHOUSE_TEST_FILE_SIZE"

func limitFiles(bytes string) error {
	if bytes == "" {
		return nil
	}
	return errors.New("Windows has no limit for the size of files")
}
