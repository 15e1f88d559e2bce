module cells

go 1.24
