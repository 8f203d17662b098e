package store

import "github.com/jmoiron/sqlx"

// ChunkSize lets tests store sources around the edges of chunks.
const ChunkSize = chunkSize

// Raw is the way past our code: what anybody with the database's password could do.
func (st *Store) Raw() *sqlx.DB { return st.writer }
