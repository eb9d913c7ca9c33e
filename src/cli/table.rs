//! Columns for people.

/// Rows in columns as wide as their widest cell, two spaces apart, the last one not padded.
pub fn columns(rows: &[Vec<String>]) -> String {
    columns_within(rows, usize::MAX)
}

/// The same, with no column wider than `most`: a longer cell pushes the rest of its row.
pub fn columns_within(rows: &[Vec<String>], most: usize) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(at) {
                Some(widest) => *widest = width.min(most).max(*widest),
                None => widths.push(width.min(most)),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padding = width.saturating_sub(cell.chars().count()) + 2;
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let rows: Vec<Vec<String>> = vec![row(&["App", "Status"]), row(&["fäst-api", "", "x"])];
        assert_eq!(columns(&rows), "App       Status\nfäst-api          x\n");
    }
}
