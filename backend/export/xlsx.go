package export

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// most is how many characters a cell of a spreadsheet can hold.
const most = 32767

func writeXLSX(w io.Writer, t Table, o Options) (err error) {
	file := excelize.NewFile()
	defer func() { err = errors.Join(err, file.Close()) }() // removes the temporary file
	sheet := file.GetSheetName(0)
	if t.Name != "" {
		if err := file.SetSheetName(sheet, t.Name); err != nil {
			return fmt.Errorf("name the sheet: %w", err)
		}
		sheet = t.Name
	}
	bold, err := file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("style the sheet: %w", err)
	}
	clock := "yyyy-mm-dd hh:mm:ss"
	if o.Local && strings.HasPrefix(o.Language, "de") {
		clock = "dd.mm.yyyy hh:mm:ss"
	}
	moment, err := file.NewStyle(&excelize.Style{CustomNumFmt: &clock})
	if err != nil {
		return fmt.Errorf("style the sheet: %w", err)
	}
	out, err := file.NewStreamWriter(sheet)
	if err != nil {
		return fmt.Errorf("open the sheet: %w", err)
	}
	if len(t.Columns) > 0 {
		if err := out.SetColWidth(1, len(t.Columns), 22); err != nil {
			return fmt.Errorf("set widths: %w", err)
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("freeze the headings: %w", err)
	}
	line := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = excelize.Cell{StyleID: bold, Value: o.head(c)}
	}
	if err := out.SetRow("A1", line); err != nil {
		return fmt.Errorf("write headings: %w", err)
	}
	row := 1
	for cells, err := range t.Rows {
		if err != nil {
			return err
		}
		row++
		for i, cell := range cells {
			line[i] = o.spreadsheetCell(cell, moment)
		}
		if err := out.SetRow(fmt.Sprintf("A%d", row), line); err != nil {
			return fmt.Errorf("write row %d: %w", row, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("close the sheet: %w", err)
	}
	if _, err := file.WriteTo(w); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

// spreadsheetCell keeps text as text: the stream writes strings in place, never as formulas.
func (o Options) spreadsheetCell(cell any, moment int) any {
	switch v := cell.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return excelize.Cell{StyleID: moment, Value: wall(o.in(v))}
	case string:
		if r := []rune(v); len(r) > most {
			return string(r[:most])
		}
		return v
	default:
		return cell
	}
}

// wall is a time as the clock on the reader's wall shows it: a spreadsheet knows no zones.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
