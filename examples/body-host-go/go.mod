module example.org/body-host-go

go 1.22
