module sluice.dev/sdk

go 1.19

require github.com/google/flatbuffers v2.0.8+incompatible
